module lockstep.dev/peers/cctv

go 1.26.8

require c2sp.org/CCTV/age v0.0.0-20251208015420-e9274a7bdbfd
