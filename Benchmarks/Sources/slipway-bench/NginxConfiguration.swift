import Foundation

/// How nginx is set up as a peer: files by sendfile, and no log.
enum NginxConfiguration {
    /// Writes it into a folder that nginx serves on a port of the loopback; returns its path.
    static func write(in folder: String, port: UInt16) throws -> String {
        // As root, nginx gives its workers to a user who may not look into this folder.
        let user = geteuid() == 0 ? "user root;" : ""
        let text = """
            \(user)
            daemon off;
            worker_processes auto;
            pid \(folder)/nginx.pid;
            error_log \(folder)/error.log;
            events {}
            http {
                sendfile on;
                tcp_nopush on;
                access_log off;
                keepalive_requests 1000000;
                client_body_temp_path \(folder)/body;
                proxy_temp_path \(folder)/proxy;
                fastcgi_temp_path \(folder)/fastcgi;
                uwsgi_temp_path \(folder)/uwsgi;
                scgi_temp_path \(folder)/scgi;
                server {
                    listen 127.0.0.1:\(port);
                    root \(folder);
                }
            }

            """
        let path = "\(folder)/nginx.conf"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
