"""Several people on one episode: who is asked what, who said what first."""
