"""The part of OpenAI's API that programs made for it need, under `/v1`."""
