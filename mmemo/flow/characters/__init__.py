"""Who is who in an episode, and what people say of it."""
