"""What gunicorn and the command line start."""

from clinic import create_app

app = create_app()
