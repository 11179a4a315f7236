#!/usr/bin/python3
"""A web server for a VM of the lab: page.py TEXT [--ask URL]. Each request gets TEXT, and what URL answers to it."""

import argparse
import http.server
import urllib.request


class Page(http.server.BaseHTTPRequestHandler):
    text, ask = "", ""

    def do_GET(self):
        text = self.text
        if self.ask:
            with urllib.request.urlopen(self.ask, timeout=3) as answer:
                text += answer.read().decode()
        body = f"{text}\n".encode() if not text.endswith("\n") else text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--ask", default="", metavar="URL")
    Page.text, Page.ask = vars(parser.parse_args()).values()
    http.server.ThreadingHTTPServer(("", 80), Page).serve_forever()


if __name__ == "__main__":
    main()
