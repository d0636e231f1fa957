#include "models/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace fovea::models {

namespace fs = std::filesystem;

namespace {

constexpr int mostAttempts = 20;  // one after the other, as long as each brings something
constexpr long connectSeconds = 30, silentSeconds = 60;
constexpr long httpOk = 200, httpPartial = 206, httpNotSatisfiable = 416;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Address = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Address parse(const std::string& url) {
    Address address(curl_url(), curl_url_cleanup);
    if (!address || curl_url_set(address.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{url} is no address. Write it as https://host/path."), {{"url", url}}});
    return address;
}

std::string fieldOf(const Address& address, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(address.get(), which, &text, CURLU_URLDECODE) != CURLUE_OK) return {};
    std::string value = text;
    curl_free(text);
    return value;
}

void checkAddress(const std::string& url) {
    const Address address = parse(url);
    const std::string scheme = fieldOf(address, CURLUPART_SCHEME), host = fieldOf(address, CURLUPART_HOST);
    const bool here = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    if (scheme != "https" && !(scheme == "http" && here))
        throw Error(ErrorKind::Input, {FOVEA_TR("{url} is not fetched: only https addresses are. Look for the https "
                                                "address of the file, or fetch it yourself and add it."),
                                       {{"url", url}}});
}

// A plain file name out of the last part of the address.
std::string fileName(const std::string& url) {
    std::string name = fs::path(fieldOf(parse(url), CURLUPART_PATH)).filename().string();
    std::replace_if(name.begin(), name.end(), [](unsigned char c) { return c < 32 || c == '/'; }, '_');
    name.erase(0, name.find_first_not_of('.'));
    return name.empty() ? "model" : name.substr(0, 200);
}

// Keeps other programs from writing the same download.
class Lock {
  public:
    Lock(const fs::path& path, const std::string& url) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
        if (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
        if (fd_ >= 0) ::close(fd_);
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{url} is being fetched already. Wait until that ends."), {{"url", url}}});
    }
    ~Lock() { ::close(fd_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    int fd_;
};

std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t\r\n");
    return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

// One file being fetched, over as many connections as it takes.
class Transfer {
  public:
    Transfer(const std::string& url, fs::path path, std::uint64_t most, Job& job)
        : url_(url), path_(std::move(path)), most_(most), job_(job) {}

    void run() {
        for (int attempt = 1;; ++attempt) {
            const std::uint64_t before = size();
            const CURLcode code = connect();
            if (failure_) std::rethrow_exception(failure_);
            job_.check();
            if (code == CURLE_OK) {
                if (settled()) return;
                continue;
            }
            if (status_ == 0 || !wasCut(code)) fail(code);
            if (size() <= before || attempt == mostAttempts) failCut();
        }
    }

  private:
    fs::path validatorPath() const { return path_.string() + ".validator"; }
    std::uint64_t size() const {
        std::error_code error;
        const std::uint64_t bytes = fs::file_size(path_, error);
        return error ? 0 : bytes;
    }

    CURLcode connect() {
        const Handle curl(curl_easy_init(), curl_easy_cleanup);
        if (!curl) throw std::bad_alloc();
        curl_ = curl.get();
        out_.reset();
        status_ = 0, total_ = 0, answered_ = false, message_[0] = 0;
        validator_.clear(), range_.clear();
        // A part without a mark of its version can't be told from one of another file: it's fetched again.
        const std::string known = fs::exists(validatorPath()) ? file::read(validatorPath(), 4096) : "";
        begin_ = known.empty() ? 0 : size();
        std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
        if (begin_ > 0) {
            headers.reset(curl_slist_append(nullptr, ("If-Range: " + known).c_str()));
            std::string from = std::to_string(begin_);
            from += '-';
            curl_easy_setopt(curl_, CURLOPT_RANGE, from.c_str());
            curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.get());
        }
        curl_easy_setopt(curl_, CURLOPT_URL, url_.c_str());
        curl_easy_setopt(curl_, CURLOPT_USERAGENT, "fovea");
        curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "https,http");
        curl_easy_setopt(curl_, CURLOPT_REDIR_PROTOCOLS_STR, "https");
        curl_easy_setopt(curl_, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(curl_, CURLOPT_MAXREDIRS, 10L);
        curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT, connectSeconds);
        curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_TIME, silentSeconds);
        curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, message_);
        curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &Transfer::onHeader);
        curl_easy_setopt(curl_, CURLOPT_HEADERDATA, this);
        curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &Transfer::onBytes);
        curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, &Transfer::onProgress);
        curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, this);
        curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
        for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
            if (const char* bundle = std::getenv(variable); bundle && *bundle)
                curl_easy_setopt(curl_, CURLOPT_CAINFO, bundle);
        const CURLcode code = curl_easy_perform(curl_);
        curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status_);
        if (out_ && !failure_) out_->sync();
        return code;
    }

    // Callbacks of C: nothing may be thrown through them.
    template <class F>
    bool guarded(F&& f) {
        try {
            f();
            return true;
        } catch (...) {
            failure_ = std::current_exception();
            return false;
        }
    }

    static std::size_t onHeader(char* bytes, std::size_t one, std::size_t count, void* self) {
        auto* transfer = static_cast<Transfer*>(self);
        return transfer->guarded([&] { transfer->header({bytes, one * count}); }) ? one * count : 0;
    }
    static std::size_t onBytes(char* bytes, std::size_t one, std::size_t count, void* self) {
        auto* transfer = static_cast<Transfer*>(self);
        return transfer->guarded([&] { transfer->take({bytes, one * count}); }) ? one * count : 0;
    }
    static int onProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<Transfer*>(self)->job_.cancelled() ? 1 : 0;
    }

    void header(const std::string& line) {
        if (line.starts_with("HTTP/")) {  // of the next answer, after a redirection
            validator_.clear(), range_.clear();
            return;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) return;
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
        const std::string value = trimmed(line.substr(colon + 1));
        if (name == "etag" && !value.starts_with("W/")) validator_ = value;  // weak ones do not hold for parts
        if (name == "last-modified" && validator_.empty()) validator_ = value;
        if (name == "content-range") range_ = value;
    }

    // The first bytes of an answer's body: where they belong.
    void answer() {
        answered_ = true;
        curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status_);
        if (status_ != httpOk && status_ != httpPartial) return;
        if (status_ == httpOk) {
            begin_ = 0;
            file::remove(path_);
        } else if (!range_.starts_with(std::string("bytes ").append(std::to_string(begin_)).append("-"))) {
            throw Error(ErrorKind::Remote,
                        {FOVEA_TR("{url} answers with another part ({range}) than was asked for. Fetch "
                                  "the file yourself and add it."),
                         {{"url", url_}, {"range", range_}}});
        }
        curl_off_t length = -1;
        curl_easy_getinfo(curl_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        total_ = length > 0 ? begin_ + std::uint64_t(length) : 0;
        checkSize(total_);
        if (length > 0 && std::uint64_t(length) > file::freeBytes(path_))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{url} needs {wanted} and {folder} has {free} left. Free some space, "
                                  "or keep models elsewhere (variable FOVEA_MODELS)."),
                         {{"url", url_},
                          {"wanted", bytesText(double(length))},
                          {"folder", path_.parent_path().string()},
                          {"free", bytesText(double(file::freeBytes(path_)))}}});
        if (validator_.empty())
            file::remove(validatorPath());
        else
            file::write(validatorPath(), validator_);
        out_.emplace(path_);
    }

    void checkSize(std::uint64_t bytes) const {
        if (bytes > most_)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{url} is larger than {most}, too large for a model. Check the address."),
                         {{"url", url_}, {"most", bytesText(double(most_))}}});
    }

    void take(std::string_view bytes) {
        if (!answered_) answer();
        if (!out_) return;  // the page of an error
        checkSize(out_->size() + bytes.size());
        out_->append(bytes);
        job_.progress(double(out_->size()), double(std::max(total_, out_->size())), FOVEA_TR("Fetching"));
    }

    // Whether a connection without error ended it; otherwise it is to begin anew.
    bool settled() {
        if (status_ == httpOk || status_ == httpPartial) {
            if (!answered_) answer();  // an empty file
            return true;
        }
        if (status_ == httpNotSatisfiable && begin_ > 0) {
            const bool whole = range_.ends_with(std::string("/").append(std::to_string(begin_)));
            if (!whole) file::remove(path_);
            return whole;
        }
        fail(CURLE_HTTP_RETURNED_ERROR);
    }

    static bool wasCut(CURLcode code) {
        switch (code) {
            case CURLE_PARTIAL_FILE:
            case CURLE_RECV_ERROR:
            case CURLE_SEND_ERROR:
            case CURLE_GOT_NOTHING:
            case CURLE_OPERATION_TIMEDOUT:
            case CURLE_HTTP2:
            case CURLE_HTTP2_STREAM:
                return true;
            default:
                return false;
        }
    }

    [[noreturn]] void failCut() const {
        throw Error(
            ErrorKind::Remote,
            {FOVEA_TR("Fetching {url} was cut off after {bytes} ({why}). What came is kept: do it again to go on."),
             {{"url", url_}, {"bytes", bytesText(double(size()))}, {"why", why()}}});
    }
    [[noreturn]] void fail(CURLcode code) const {
        if (code == CURLE_HTTP_RETURNED_ERROR)
            throw Error(ErrorKind::Remote,
                        {FOVEA_TR("{url} is not given out (HTTP {status}). Check the address; where it "
                                  "needs an account, fetch the file yourself and add it."),
                         {{"url", url_}, {"status", std::to_string(status_)}}});
        throw Error(
            ErrorKind::Remote,
            {FOVEA_TR("{url} could not be reached: {why}. Check the network and the proxy (variable https_proxy), "
                      "or fetch the file on another computer and add it."),
             {{"url", url_}, {"why", *message_ ? message_ : curl_easy_strerror(code)}}});
    }
    std::string why() const { return *message_ ? message_ : "the connection ended"; }

    const std::string& url_;
    const fs::path path_;
    const std::uint64_t most_;
    Job& job_;

    CURL* curl_ = nullptr;
    std::optional<file::Appender> out_;
    std::exception_ptr failure_;
    std::uint64_t begin_ = 0, total_ = 0;  // of this connection; of the whole file, 0 when not told
    long status_ = 0;
    bool answered_ = false;
    std::string validator_, range_;
    char message_[CURL_ERROR_SIZE] = {};
};

}  // namespace

bool canDownload() { return true; }

fs::path download(const std::string& url, const fs::path& folder, const std::string& name, std::uint64_t most,
                  Job& job) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    checkAddress(url);
    file::makeFolder(folder);
    const Lock lock(folder / "lock", url);
    const fs::path whole = folder / (name.empty() ? fileName(url) : name), part = whole.string() + ".part";
    if (fs::exists(whole)) return whole;
    Transfer(url, part, most, job).run();
    file::move(part, whole);
    return whole;
}

}  // namespace fovea::models
