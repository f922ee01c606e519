"""When each register was last heard of: what tells that nothing new from that nothing came."""
