"""What made `data/samples/long_tasks.jsonl.gz`: tasks of many steps in small worlds."""
