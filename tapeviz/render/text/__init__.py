"""Answers in words: diagnosis, explanation, DOT and Mermaid.

Frozen data goes in, text or bytes come out; nothing here sees a tensor. It may import
``analysis``, ``wording``, ``trace`` and other rooms of ``render``.
"""
