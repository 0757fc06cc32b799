import LabSupport
import Testing

/// Machines booted over a network. One at a time, so that a boot's deadline does not depend on how many tests there are.
@Suite(.serialized, LabEnvironment.condition)
enum LabTests {}
