"""What the gateway listens with: sockets, and the certificate it shows on them."""
