"""Scenes whose truth is known, for trying mmaug without data and for testing ops and rules."""
