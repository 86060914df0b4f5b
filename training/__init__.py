"""What both trainers need: order of the data, schedules, averaged weights, exact checkpoints, devices, logs."""
