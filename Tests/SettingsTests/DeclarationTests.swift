import Testing

@testable import Settings

/// Each setting is declared once, and all that is made of the declarations agrees.
@Suite struct DeclarationTests {
    @Test func everyDeclaredSettingIsInTheList() {
        let declared = Mirror(reflecting: ApplianceSettings()).children.compactMap { $0.value as? any AnySetting }
        #expect(declared.map(\.declaration.key).sorted() == ApplianceSettings.declarations.map(\.key).sorted())
    }

    @Test func namesAreUnlike() {
        let declarations = ApplianceSettings.declarations
        #expect(Set(declarations.map(\.key)).count == declarations.count)
        #expect(Set(declarations.map(\.variable)).count == declarations.count)
        #expect(Set(declarations.compactMap(\.flag)).count == declarations.compactMap(\.flag).count)
    }

    /// A section is one mapping, so its keys are of one depth.
    @Test func aSectionHasKeysOfOneDepth() {
        for section in SettingsSection.all {
            let depths = Set(
                ApplianceSettings.declarations.map(\.path).filter { $0[0] == section.name }.map(\.count))
            #expect(depths.count == 1, "\(section.name)")
        }
    }

    @Test func theListingIsASettingsFile() {
        let text = SettingsListing(ApplianceSettings()).text
        let (settings, problems) = SettingsFile.read(text)
        #expect(problems.isEmpty, "\(problems) of \(text)")
        #expect(
            SettingsListing(settings).entries.map(\.value) == SettingsListing(ApplianceSettings()).entries.map(\.value))
        #expect(text.contains("http:\n  address: 0.0.0.0 ") && text.contains("  # default\n"), "\(text)")
    }

    @Test(arguments: [
        "eth 0", "a: b", "#x", "-x", "null", "\u{202E}x", "ü", "a\nb", "\"", "x:", "\u{7F}", "~", "[a]", "'",
    ])
    func valuesAreWrittenAsTheyAreRead(text: String) {
        var settings = ApplianceSettings()
        settings.tftpRoot = "/\(text)"
        settings.chosenLoaderFolders = ["/\(text)", "/b"]
        let listing = SettingsListing(settings)
        let (again, problems) = SettingsFile.read(listing.text)
        #expect(problems.isEmpty, "\(problems) of \(listing.text)")
        #expect(again.tftpRoot == "/\(text)" && again.chosenLoaderFolders == ["/\(text)", "/b"], "\(listing.text)")
    }

    @Test func thePageHasEverySetting() {
        let page = SettingsDocumentation.page
        for declaration in ApplianceSettings.declarations {
            #expect(
                page.contains("| `\(declaration.key)` | \(declaration.rule)")
                    || page.contains("| `\(declaration.key)` | a list: "))
            #expect(page.contains("`\(declaration.variable)` | \(declaration.meaning) |"))
        }
    }
}
