"""Open one sample in the browser: its settings move, what comes of them follows, and what is kept is written.

The page is served on this machine alone and ends with Ctrl-C.
"""

import signal
import sys
from pathlib import Path

from coherion import command

ROOT = Path(__file__).resolve().parents[1]


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("--directory", default=".", help="working folder of the workflow (default: this one)")
    arguments.add_argument("--sample", help="the sample to open first (default: the first that has data)")
    arguments.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    arguments.add_argument("--no-browser", action="store_true", help="only print the address")
    given = arguments.parse_args(argv)

    from coherion.live.serve import served

    server, address = served(Path(given.directory), ROOT, given.sample, given.port)
    # Whatever started it, such as a shell whose jobs in the background have no Ctrl-C, can end it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f"Open {address}\nCtrl-C ends.", flush=True)
        if not given.no_browser:
            import webbrowser

            webbrowser.open(address)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    print("\nended", file=sys.stderr)


if __name__ == "__main__":
    command.run(main)
