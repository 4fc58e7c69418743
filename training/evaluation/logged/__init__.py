"""What a log of another policy says: logged choices, off-policy estimates, and whether they have support."""
