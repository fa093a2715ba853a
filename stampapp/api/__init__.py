"""The Python interface: what `import stampapp` offers to notebooks and programs."""
