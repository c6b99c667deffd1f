"""Looking at everything that a gateway depends on, before the first message. Nobody gets one."""
