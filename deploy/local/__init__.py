"""Real parts on one machine without containers: PostgreSQL, Kafka and the processes of the house."""
