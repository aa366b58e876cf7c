"""Copies of videos in which nobody can be recognised."""
