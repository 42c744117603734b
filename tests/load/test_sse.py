"""What a stream said."""

from __future__ import annotations

import unittest

from journeys import sse

TOKENS = b'data: {"text":"Hello "}\n\n: still here\n\ndata: {"text":"you \xc3\xa4"}\n\n'
DONE = b'event: done\ndata: {"turn":"t-1"}\n\n'


class Streams(unittest.TestCase):
    def test_an_answer_ends_as_the_service_says(self) -> None:
        error = b'event: error\ndata: {"reason":"not_kept"}\n\n'
        cases = [
            ("done", TOKENS + DONE, sse.Answer("Hello you ä", "done")),
            ("an error", TOKENS + error, sse.Answer("Hello you ä", "error", "not_kept")),
            ("nothing more", TOKENS, sse.Answer("Hello you ä", "cut")),
            ("cut inside of a token", TOKENS + b'data: {"te', sse.Answer("Hello you ä", "cut")),
            ("cut inside of the end", TOKENS + DONE[:-1], sse.Answer("Hello you ä", "cut")),
            ("nothing at all", b"", sse.Answer("", "cut")),
        ]
        for name, body, expected in cases:
            with self.subTest(name):
                self.assertEqual(sse.read(body), expected)

    def test_the_first_token_is_no_comment_and_no_end(self) -> None:
        self.assertTrue(sse.is_token(b'data: {"text":""}\n\n'))
        self.assertTrue(sse.is_comment(b": still here\n\n"))
        for block in (b": still here\n\n", DONE, b""):
            self.assertFalse(sse.is_token(block))


if __name__ == "__main__":
    unittest.main()
