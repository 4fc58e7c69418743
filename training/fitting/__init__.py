"""What is fitted to the outcomes, and the predictions of rows that a fit did not see."""
