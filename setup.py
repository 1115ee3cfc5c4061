"""Package metadata; the rest is in pyproject.toml."""

from setuptools import find_packages, setup

setup(name='mvlr_mm', version='0.1.0', packages=find_packages(include=['mvlr_mm*']))
