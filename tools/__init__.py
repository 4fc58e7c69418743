"""What made the files that the package ships; no part of the package."""
