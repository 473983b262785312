"""gRPC, gRPC-Web and Connect: the services, and the application that serves them."""
