/// Pairs of words, folders and files that people write with a slash and that are no repositories.
enum EverydayPairs {
    /// - Parameters:
    ///   - left: what stands before the slash, and `right` behind it, as written.
    static func contains(_ left: String, _ right: String) -> Bool {
        if left.allSatisfy(\.isNumber) || left.count == 1 || right.count == 1 { return true }
        if isAbbreviation(left), isAbbreviation(right) { return true }
        let (left, right) = (left.lowercased(), right.lowercased())
        if folders.contains(left) || words.contains(left) && words.contains(right) { return true }
        return fileEndings.contains { right.hasSuffix($0) } && !dottedNames.contains(right)
    }

    /// `TCP`, `PRs`, `macOS` are not: capitals, with a plural at most.
    private static func isAbbreviation(_ text: String) -> Bool {
        let stem = text.hasSuffix("s") ? text.dropLast() : text[...]
        return stem.count <= 5 && stem.allSatisfy { $0.isUppercase }
    }

    private static let words = set(
        """
        and or either neither nor not yes no on off true false he she they him her his hers it this that here there
        client server read write input output in out up down left right top bottom front back frontend backend start stop
        end begin open close add remove create update delete get set put post push pull merge rebase import export encode
        decode encrypt decrypt login logout signin signup enable disable before after pass fail success failure error
        warning request response source target name value key id user users admin role group owner group member
        debug release dev prod development production staging test tests testing unit integration lint build deploy
        try catch if else for while do switch case let var const func class struct enum public private
        mock stub red green blue light dark black white day night week month year hour minute second daily weekly monthly
        hit miss pros cons bug bugs feature features issue issues pr prs fix fixes task tasks question answer questions
        answers stdin stdout stderr http https tcp udp ip dns ssh ftp rest grpc graphql json yaml toml xml csv html css
        js ts linux macos windows win mac unix ios android arm x86 amd64 arm64 win32 web mobile desktop tablet
        main master trunk rw ro min max old new first last next previous prev big small high low fast slow hot cold
        sync async local remote host guest master slave primary replica parent child global static dynamic manual
        automatic text binary string number int float bool null nil none some any all each every km mi ms kg
        header footer row column width height black box plus minus more less single multiple sender receiver
        producer consumer reader writer publisher subscriber lock unlock load save undo redo zip unzip cut copy paste
        """)

    private static let folders = set(
        """
        src lib libs test tests spec docs doc app apps bin etc usr var tmp home sources source include scripts config
        public static assets build dist packages pkg cmd internal api node_modules vendor examples components pages
        utils models views controllers migrations templates crates tools text application image audio video origin
        upstream remotes refs heads feature features bugfix hotfix fix release releases chore feat
        """)

    private static let fileEndings = [
        ".swift", ".rs", ".go", ".py", ".js", ".ts", ".tsx", ".jsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt",
        ".rb", ".php", ".cs", ".sh", ".md", ".txt", ".json", ".yml", ".yaml", ".toml", ".xml", ".html", ".css", ".sql",
        ".lock", ".cfg", ".ini", ".proto", ".gradle", ".png", ".jpg", ".svg", ".csv", ".pdf", ".log",
    ]

    /// Repositories whose names look like files.
    private static let dottedNames = set(
        """
        next.js three.js chart.js vue.js nuxt.js node.js p5.js d3.js hls.js video.js pdf.js discord.js discord.py
        whisper.cpp llama.cpp stable-diffusion.cpp animate.css normalize.css
        """)

    private static func set(_ words: String) -> Set<String> {
        Set(words.split(whereSeparator: \.isWhitespace).map(String.init))
    }
}
