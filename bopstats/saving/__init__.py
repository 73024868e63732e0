"""Results as plain records for JSON and pickle: figures of groups, no rows unless asked for."""
