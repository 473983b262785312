"""What programs made for OpenAI's API ask for, under `/v1`."""
