"""What schemathesis is told of this service: settings, formats, a check, what no schema says."""
