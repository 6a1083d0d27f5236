"""Real parts on one machine without containers: PostgreSQL, Kafka and the house's processes."""
