"""Access to medicines before or beside their marketing: decisions, patients, forms of follow-up."""
