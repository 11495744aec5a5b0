"""The shell that owns time, disk and sockets: journal, sequencer, server and the public client."""
