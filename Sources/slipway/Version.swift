/// The version of Slipway.
let slipwayVersion = "0.1.0"
