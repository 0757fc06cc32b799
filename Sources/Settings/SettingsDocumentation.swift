/// docs/settings.md, made of the declarations.
public enum SettingsDocumentation {
    /// The page.
    public static var page: String {
        """
        <!-- Made by `make settings-page` of Sources/Settings; change it there. -->
        # Settings

        Everything has a default, and a rack boots without any settings. What is to be otherwise is said in `\(SettingsSources.usualFile)`, in the
        environment, or with flags; each of these is stronger than those before it. `slipway settings` shows what is in force and where it
        comes from, and `slipway check` what is wrong with it. The daemon reads settings when it starts.

        - **The file** is YAML. `--settings FILE` or the variable `\(SettingsSources.fileVariable)` names another one, which must be there then. Every
          problem in it is reported, with file, line and column; none is passed over. Files that it names count from its own folder.
          `null` is no value, where there may be none. A file has 1 MiB at most, a list, `networks` and `registries` \(SettingDeclaration.limit) items.
        - **Variables** have the key's name in capitals behind `SLIPWAY_`, with `_` for dots and dashes. Items of a list are separated by commas;
          those of `networks` and `registries` have the name before them, as in `10.1.0.0/16=1428`. An empty variable counts as none. In
          `/etc/slipway/slipway.env` the systemd unit takes them, and in `SLIPWAY_OPTIONS` flags for `slipway serve`.
        - **Flags** of `slipway serve` are taken by `check`, `explain`, `build` and `settings`, too. Lists and networks are given one item at a time.

        | key | value | flag, variable | meaning |
        | --- | --- | --- | --- |
        \(ApplianceSettings.declarations.map(row).joined(separator: "\n"))

        Passwords stand in files of their own or in the environment, where they are hidden when settings are shown; no settings file and no flag
        has one. Under `registries`, `*` is a registry's host with its port, if it has one, as in `harbor.lan:5000`. Under `networks`, `*` is a network, as in `10.1.0.0/16`; about an address the smallest one decides unless it says otherwise. For a flag or
        variable, a block size without a network is one for all, and a network alone stands for `true`.

        ## The file with every default

        ```yaml
        \(SettingsListing(.usual).plainText)networks: {}  # as in {10.1.0.0/16: {block-size: 1428, configurations: true}}
        registries: {}  # as in {harbor.lan: {mirror-of: ghcr.io, ca: harbor.pem, username: robot, password-file: harbor}}
        ```

        """
    }

    private static func row(_ declaration: SettingDeclaration) -> String {
        let usual = declaration.usual.isEmpty ? "" : "; `\(declaration.usual.joined(separator: ", "))`"
        let kind =
            switch declaration.shape {
            case .one, .named: declaration.rule
            case .oneOrNone: "\(declaration.rule), or `null`"
            case .list: "a list: \(declaration.rule)"
            }
        let flag = declaration.flag.map { flag in
            if case .one = declaration.shape, declaration.rule == SettingForm<Bool>.truth.rule {
                return "`--\(flag)`, "
            }
            return "`--\(flag) <\(declaration.placeholder)>`, "
        }
        return
            "| `\(declaration.key)` | \(kind)\(usual) | \(flag ?? "")`\(declaration.variable)` | \(declaration.meaning) |"
    }
}
