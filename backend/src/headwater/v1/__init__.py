"""Messages, gRPC's client and Connect's service: `make proto` generates them from `proto/`."""
