/// The time that everything in an image carries, so that equal input gives equal bytes.
public enum BuildEpoch {
    /// 2019-06-01 21:34:52 UTC, in seconds since 1970.
    public static let seconds: UInt32 = 1_559_424_892
}
