//! Stories, told on real binaries: started, spoken to over gRPC, killed, started again.
