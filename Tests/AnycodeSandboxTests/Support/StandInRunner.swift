import Foundation

/// A program that behaves towards the provider as the runner does, and runs commands for the test's eyes.
///
/// In Perl, which every Debian and Ubuntu has in its base system.
enum StandInRunner {
    static func install(in directory: String) throws -> String {
        let path = "\(directory)/anycode-runner"
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    private static let script = #"""
        #!/usr/bin/perl
        use strict; use warnings; use IO::Socket::UNIX;
        my %o; my $verb = shift @ARGV;
        while (@ARGV) { my $k = shift @ARGV; $o{$k} = $k eq '--token-stdin' ? 1 : shift @ARGV; }
        my $token = <STDIN>; exit 3 unless defined $token; chomp $token; close STDIN;
        if ($token eq 'broken') { print STDERR "the runner is broken\n"; exit 7; }
        if ($token eq 'deaf') { sleep 1000; }
        $SIG{TERM} = sub { exit 0 }; $SIG{PIPE} = 'IGNORE';
        open my $log, '>>', "$o{'--state-dir'}/events"; print $log "start\n"; close $log;
        (my $path = $o{'--listen'}) =~ s/^unix://; unlink $path;
        my $server = IO::Socket::UNIX->new(Local => $path, Listen => 16) or die "listen: $!";
        while (1) {
            my $c = $server->accept or next;
            my ($auth, $command, $line) = (0, '');
            my $first = <$c> // '';
            while (defined($line = <$c>)) {
                $line =~ s/\r?\n$//; last if $line eq '';
                $auth = 1 if $line eq "Authorization: Bearer $token";
                $command = $1 if $line =~ /^X-Command: (.*)$/;
            }
            my ($status, $body) = ('200 OK', '{}');
            if (!$auth) { $status = '401 Unauthorized' }
            elsif ($command eq 'ignore-term') { $SIG{TERM} = 'IGNORE' }
            elsif ($command =~ /^exit (\d+)/) { exit $1 }
            elsif ($command ne '') { $body = `$command 2>&1` // '' }
            print $c "HTTP/1.1 $status\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
            close $c;
        }
        """#
}
