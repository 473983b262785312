"""Sources of replies: model servers, a local model, and a scripted one."""
