"""Screens: layout and keys; what they show comes from the store, what they do goes through the desk."""
