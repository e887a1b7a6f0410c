#include "common/web/web_server.h"

#include <atomic>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/epoll_loop.h"

namespace lockstep {
namespace {

// A loop in a thread of its own, as the programs have it, and a server on it.
class WebServerTest : public ::testing::Test {
 public:
  ~WebServerTest() override {
    loop_.Stop();
    thread_.join();
  }

 protected:
  WebServerTest() : thread_([this] { loop_.Run(); }) {}

  EpollLoop loop_;
  WebServer server_{loop_, [this](const WebRequest& request) {
                      EXPECT_EQ(std::this_thread::get_id(), thread_.get_id());
                      return WebResponse{.status = request.path == "/nothing" ? 404 : 200,
                                         .content_type = "text/x-test",
                                         .body = absl::StrCat(request.method, " ", request.path,
                                                              " ", request.body)};
                    }};
  // A connection of its own that sends `text` and waits.
  int Say(const std::string& text) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(server_.port()));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    EXPECT_EQ(send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return fd;
  }
  // All that comes until the server closes the connection.
  static std::string Hear(int fd) {
    std::string heard;
    char some[256];
    for (ssize_t n = 0; (n = read(fd, some, sizeof(some))) > 0;) {
      heard.append(some, static_cast<size_t>(n));
    }
    close(fd);
    return heard;
  }
  std::thread thread_;
};

// As a careless balancer does: it connects, and asks nothing.
TEST_F(WebServerTest, ConnectionsThatAskNothingKeepNobodyOut) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  std::vector<int> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(Say(""));
  }
  httplib::Client client("127.0.0.1", server_.port());
  client.set_read_timeout(5);
  const auto answer = client.Get("/after");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "GET /after ");
  for (const int fd : idle) {
    close(fd);
  }
}

// Each of them sends a byte of its request now and then, and never all of it.
TEST_F(WebServerTest, RequestsThatNeverEndKeepNobodyOut) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  std::vector<int> slow;
  for (int i = 0; i < 30; ++i) {
    slow.push_back(Say("GET /slow HTTP/1.1\r\nX: "));
  }
  std::atomic<bool> answered = false;
  std::thread dripping([&] {
    while (!answered) {
      for (const int fd : slow) {
        send(fd, "x", 1, MSG_NOSIGNAL);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  httplib::Client client("127.0.0.1", server_.port());
  client.set_read_timeout(30);
  const auto answer = client.Get("/after");
  answered = true;
  dripping.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "GET /after ");
  for (const int fd : slow) {
    close(fd);
  }
}

TEST_F(WebServerTest, AnswersComeFromTheLoop) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  httplib::Client client("127.0.0.1", server_.port());
  httplib::Result got = client.Get("/a%20b?q=1");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->body, "GET /a b ");
  EXPECT_EQ(got->get_header_value("Content-Type"), "text/x-test");
  EXPECT_EQ(client.Patch("/v1/status", "{}", "application/json")->body, "PATCH /v1/status {}");
  EXPECT_EQ(client.Get("/nothing")->status, 404);
  httplib::Result head = client.Head("/x");
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
}

TEST_F(WebServerTest, AnAnswerIsGivenOutWhenTheGateOpens) {
  absl::AnyInvocable<void()> give_out;  // the loop's
  std::atomic<bool> waits = false;
  server_.AnswerWhen([&](absl::AnyInvocable<void()> then) {
    give_out = std::move(then);
    waits = true;
    waits.notify_all();
  });
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  std::atomic<bool> answered = false;
  std::thread asking([&] {
    httplib::Client client("127.0.0.1", server_.port());
    const auto answer = client.Get("/some");
    answered = true;
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "GET /some ");
  });
  waits.wait(false);
  loop_.Post([&] {
    EXPECT_FALSE(answered);
    give_out();
  });
  asking.join();
}

TEST_F(WebServerTest, WithoutAHostItListensToBothFamilies) {
  ASSERT_TRUE(server_.Start(":0").ok());
  EXPECT_TRUE(httplib::Client("127.0.0.1", server_.port()).Get("/"));
  const int probe = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 loopback = {};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool ipv6 =
      bind(probe, reinterpret_cast<const sockaddr*>(&loopback), sizeof(loopback)) == 0;
  close(probe);
  EXPECT_EQ(bool(httplib::Client("::1", server_.port()).Get("/")), ipv6);
}

TEST_F(WebServerTest, ABusyPortIsNamedWithTheReason) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  const std::string address = absl::StrCat("127.0.0.1:", server_.port());
  WebServer second(loop_, [](const WebRequest&) { return WebResponse(); });
  absl::Status status = second.Start(address);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on ", address, ": Address already in use"));
}

TEST_F(WebServerTest, AddressesThatAreNoneAreRefused) {
  for (const char* address :
       {"localhost", "127.0.0.1:http", "127.0.0.1:65536", "", "127.0.0.1:-1"}) {
    absl::Status status =
        WebServer(loop_, [](const WebRequest&) { return WebResponse(); }).Start(address);
    EXPECT_EQ(status.message(),
              absl::StrCat("invalid address \"", address, "\": expected HOST:PORT or :PORT"));
  }
}

TEST_F(WebServerTest, LargeBodiesAreRefused) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  httplib::Client client("127.0.0.1", server_.port());
  httplib::Result result = client.Put("/x", std::string(2 << 20, 'x'), "text/plain");
  // The answer, or a cut connection where the client is still sending.
  EXPECT_TRUE(!result || result->status == 413);
  EXPECT_EQ(client.Get("/y")->status, 200);
}

TEST_F(WebServerTest, ShutdownCutsClientsThatSayNothing) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  const int fd = Say("GET /half");
  server_.Shutdown();
  Hear(fd);
}

TEST_F(WebServerTest, ARequestThatTellsNoLengthHasNoBody) {
  ASSERT_TRUE(server_.Start("127.0.0.1:0").ok());
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const std::string answer = Hear(Say(absl::StrCat(method, " /x HTTP/1.1\r\nHost: x\r\n\r\n")));
    EXPECT_THAT(answer, ::testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, ::testing::EndsWith(absl::StrCat("\r\n\r\n", method, " /x ")));
  }
}

TEST(WebServerAlone, WhatWasAnsweredAsBusyIsNotCarriedOutLater) {
  EpollLoop loop;
  int carried_out = 0;
  WebServer server(loop, [&](const WebRequest&) {
    ++carried_out;
    return WebResponse{.status = 200};
  });
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  httplib::Client client("127.0.0.1", server.port());
  client.set_read_timeout(30);
  const auto answer = client.Post("/api/stop");  // nobody runs the loop yet
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(carried_out, 0);
}

TEST(WebServerAlone, AnEndedLoopLeavesNoClientWaiting) {
  EpollLoop loop;
  WebServer server(loop, [](const WebRequest&) { return WebResponse(); });
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  httplib::Client client("127.0.0.1", server.port());
  std::thread asking([&] {
    httplib::Result result = client.Get("/");
    EXPECT_TRUE(!result || result->status == 503);
  });
  server.Shutdown();
  asking.join();
}

// A server whose every answer is a stream; one at once.
class WebStreamTest : public ::testing::Test {
 public:
  ~WebStreamTest() override {
    loop_.Stop();
    thread_.join();
  }

 protected:
  WebStreamTest() : thread_([this] { loop_.Run(); }) {
    EXPECT_TRUE(server_.Start("127.0.0.1:0").ok());
  }
  static WebStream::Piece Piece(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
  }

  EpollLoop loop_;
  Mutex mutex_;
  std::shared_ptr<WebStream> stream_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<WebStream> stream() {
    MutexLock held(mutex_);
    return stream_;
  }
  WebServer server_{loop_,
                    [this](const WebRequest& request) {
                      auto made = std::make_shared<WebStream>();
                      EXPECT_TRUE(made->Push(Piece("first of " + request.host)));
                      MutexLock held(mutex_);
                      stream_ = made;
                      return WebResponse{.content_type = "text/x-test",
                                         .headers = {{"X-Extra", "yes"}},
                                         .stream = made};
                    },
                    /*most_streams=*/1};
  std::thread thread_;
};

TEST_F(WebStreamTest, TellsWhatIsPushedUntilItsEnd) {
  httplib::Client client("127.0.0.1", server_.port());
  std::string heard;
  httplib::Result got = client.Get("/", [&](const char* data, size_t size) {
    const bool first = heard.empty();
    heard.append(data, size);
    if (first) {
      EXPECT_TRUE(stream()->Push(Piece(", second")));
      stream()->End();
      EXPECT_FALSE(stream()->Push(Piece(", third")));
    }
    return true;
  });
  ASSERT_TRUE(got);
  EXPECT_EQ(heard, absl::StrCat("first of 127.0.0.1:", server_.port(), ", second"));
  EXPECT_EQ(got->get_header_value("X-Extra"), "yes");
}

TEST_F(WebStreamTest, MoreThanTheServerMayHaveAreRefused) {
  httplib::Client client("127.0.0.1", server_.port());
  std::shared_ptr<WebStream> first;
  client.Get("/", [&](const char*, size_t) {
    first = stream();
    httplib::Client second("127.0.0.1", server_.port());
    EXPECT_EQ(second.Get("/")->status, 503);
    EXPECT_FALSE(stream()->open());  // the second one's
    EXPECT_TRUE(first->open());
    return false;  // hangs up
  });
  while (first->Push(Piece("anything"))) {  // until the server has seen that nobody reads it
    std::this_thread::yield();
  }
  httplib::Client third("127.0.0.1", server_.port());
  std::string heard;
  third.Get("/", [&](const char* data, size_t size) {
    heard.append(data, size);
    return false;
  });
  EXPECT_THAT(heard, ::testing::StartsWith("first of "));
  stream()->End();
}

TEST_F(WebStreamTest, ShutdownEndsAStreamOnceItHasToldWhatWasPushed) {
  std::string heard;
  std::atomic<bool> hears = false;
  std::thread listening([&] {
    httplib::Client client("127.0.0.1", server_.port());
    client.Get("/", [&](const char* data, size_t size) {
      heard.append(data, size);
      hears = true;
      return true;
    });
  });
  while (!hears) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(stream()->Push(Piece(", last")));
  server_.Shutdown();
  listening.join();
  EXPECT_THAT(heard, ::testing::EndsWith(", last"));
}

TEST(WebStream, APeerThatDoesNotReadIsGivenUp) {
  WebStream stream;
  const auto piece = std::make_shared<const std::string>(WebStream::kMostBytes, 'x');
  EXPECT_TRUE(stream.Push(piece));
  EXPECT_FALSE(stream.Push(std::make_shared<const std::string>("y")));
  EXPECT_FALSE(stream.open());
  EXPECT_TRUE(stream.overran());
  EXPECT_EQ(stream.Next(), nullptr);
}

}  // namespace
}  // namespace lockstep
