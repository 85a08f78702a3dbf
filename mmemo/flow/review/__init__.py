"""What people say of faces, and what follows from it."""
