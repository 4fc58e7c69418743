"""Plans: their forms, what is checked of them, how they are asked for, scored, changed and used again."""
