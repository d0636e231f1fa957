#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fovea::test {

// An HTTP/1.1 server on this computer's loopback address with a thread of its own, one connection after the other. It
// does what the resource says: ranges, cuts, other statuses.
class LoopbackServer {
  public:
    struct Resource {
        std::string body = {};
        std::string etag = "\"one\"";
        int status = 200;
        std::string location = {};  // of a redirection
        bool ranges = true;
        std::vector<std::size_t> cuts = {};       // bytes after which the next connections are cut, one each
        std::optional<std::size_t> claimed = {};  // another Content-Length than the body's
    };

    LoopbackServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 16) != 0 ||
            ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("no loopback server");
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this] { serve(); });
    }
    ~LoopbackServer() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }

    std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
    void put(const std::string& path, Resource resource) {
        const std::scoped_lock lock(mutex_);
        resources_[path] = std::move(resource);
    }
    // What the requests since the last call said after "Range: ", empty where they asked for everything.
    std::vector<std::string> ranges() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(seen_, {});
    }

  private:
    static std::string field(const std::string& request, const std::string& name) {
        const std::size_t at = request.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const std::size_t begin = at + name.size() + 4;
        return request.substr(begin, request.find("\r\n", begin) - begin);
    }

    static void send(int connection, const std::string& bytes) {
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t n = ::send(connection, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
            if (n <= 0) return;
            done += std::size_t(n);
        }
    }

    void serve() {
        for (int connection; (connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            std::string request;
            char buffer[4096];
            while (request.find("\r\n\r\n") == std::string::npos) {
                const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
                if (n <= 0) break;
                request.append(buffer, std::size_t(n));
            }
            send(connection, answer(request));
            ::close(connection);
        }
    }

    std::string answer(const std::string& request) {
        const std::scoped_lock lock(mutex_);
        const std::size_t begin = request.find(' ') + 1;
        const auto found = resources_.find(request.substr(begin, request.find(' ', begin) - begin));
        const std::string range = field(request, "Range");
        seen_.push_back(range);
        if (found == resources_.end()) return "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone";
        Resource& resource = found->second;
        if (resource.status != 200)
            return "HTTP/1.1 " + std::to_string(resource.status) + " Said\r\nLocation: " + resource.location +
                   "\r\nContent-Length: 4\r\n\r\nsaid";
        std::string head = "HTTP/1.1 200 OK\r\n", body = resource.body;
        if (resource.ranges && range.starts_with("bytes=") && field(request, "If-Range") == resource.etag) {
            const std::size_t from = std::stoul(range.substr(6));
            const std::string whole = std::to_string(body.size());
            if (from >= body.size())
                return "HTTP/1.1 416 No\r\nContent-Range: bytes */" + whole + "\r\nContent-Length: 0\r\n\r\n";
            head = "HTTP/1.1 206 Part\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                   std::to_string(body.size() - 1) + "/" + whole + "\r\n";
            body = body.substr(from);
        }
        head += "Content-Length: " + std::to_string(resource.claimed.value_or(body.size())) + "\r\n";
        if (!resource.etag.empty()) head += "ETag: " + resource.etag + "\r\n";
        if (!resource.cuts.empty()) {
            body = body.substr(0, resource.cuts.front());
            resource.cuts.erase(resource.cuts.begin());
        }
        return head + "Connection: close\r\n\r\n" + body;
    }

    int socket_;
    int port_ = 0;
    std::mutex mutex_;
    std::map<std::string, Resource> resources_;
    std::vector<std::string> seen_;
    std::jthread thread_;
};

}  // namespace fovea::test
