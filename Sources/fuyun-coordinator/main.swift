// Replaced by the coordinator's command.
