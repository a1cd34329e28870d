"""Other frameworks through our pictures: what they compute, recorded as our tape does.

One package per framework, loaded when ``tapeviz.torch`` or the like is first asked for;
nothing else imports a framework. It may import ``engine``, ``inspect``, ``trace`` and
``errors``, and ``tf``, whose functions say what a framework's mean.
"""
