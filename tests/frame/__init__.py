"""The frame: settings, the application's outer layers, the command line, the wheel."""
