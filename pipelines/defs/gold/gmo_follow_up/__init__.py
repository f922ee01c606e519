"""What becomes of those who were treated with a genetically modified organism: sites, patients, events, shedding."""
