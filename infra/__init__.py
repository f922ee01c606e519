"""What runs Gerland: jars, Spark settings, deployment."""
