"""What ``compose.yaml`` starts: certificates, a platform and light sites at a broker that asks everybody who he is."""
