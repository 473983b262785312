"""What speaks: model servers, the local model, and a scripted one."""
