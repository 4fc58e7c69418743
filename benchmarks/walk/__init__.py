"""The first hour on live traffic, measured: real local models below a reference solver that is marked as simulated."""
