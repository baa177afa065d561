// SPDX-License-Identifier: BSL-1.0
// server_core.hpp - a server without its handle: its listeners, and the tasks of its connections.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/event.hpp>
#include <rondo/loop.hpp>
#include <rondo/machines/listener.hpp>
#include <rondo/resolve.hpp>
#include <rondo/stream_reader.hpp>
#include <rondo/stream_writer.hpp>

namespace rondo {

struct ServerOptions {
  Address::Family family = Address::Family::none;  // none: IPv4 and IPv6
  int backlog = 100;                               // connections that may wait to be accepted
  SocketOptions socket = {};
  StreamLimits limits = {};
  /// How long to wait when the process has no descriptor left for a connection; it stays in the backlog meanwhile.
  Delay accept_retry_delay = std::chrono::seconds(1);
  /// start_unix_server: remove the path when the server closes. Source: asyncio, since 3.13.
  bool cleanup_socket = true;
};

/// What a server does with a connection, without its type.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual Coro<> call(StreamReader reader, StreamWriter writer) = 0;
};
template <class F>
class ConnectionHandlerOf final : public ConnectionHandler {
 public:
  explicit ConnectionHandlerOf(F function) : function_(std::move(function)) {}
  Coro<> call(StreamReader reader, StreamWriter writer) override {
    return function_(std::move(reader), std::move(writer));
  }

 private:
  F function_;
};

/// Counted: the handle, the tasks of the connections, and whoever waits hold it.
class ServerCore final : public ResidentOf<ServerCore>, public RefCounted<ServerCore> {
 public:
  static Coro<class Server> start(std::shared_ptr<ConnectionHandler> handler, std::string host, std::uint16_t port,
                                  ServerOptions options);
  static Coro<class Server> start(std::shared_ptr<ConnectionHandler> handler, std::string path, ServerOptions options);
  /// On a descriptor that listens already.
  static Coro<class Server> start(std::shared_ptr<ConnectionHandler> handler, int descriptor, ServerOptions options);
  static Coro<> wait_closed(Ref<ServerCore> core);
  static Coro<> serve_forever(Ref<ServerCore> core);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  void close() noexcept;
  /// In debug mode: RuntimeError on a thread that is not the loop's.
  void check_thread(const char* what) const { kernel_->check_thread(what, std::string_view("a server")); }
  /// In debug mode, on such a thread: it goes on, and that is reported.
  bool is_left_here() const noexcept;
  bool serving() const { return serving_; }
  std::vector<Address> addresses() const;
  void abandon() noexcept;

 private:
  friend RefCounted<ServerCore>;
  /// One listening socket, and the accept that is under way.
  class Listener final : public OwnedOperation {
   public:
    Listener(ServerCore& server, Socket socket, Address address)
        : OwnedOperation(WaitableKind::lent_operation),
          server_(&server),
          socket_(std::move(socket)),
          address_(std::move(address)),
          closing_(server) {}
    void accept() { fire<machines::listener::Event::accept>(*this); }
    void completed() override;
    void close() noexcept { fire<machines::listener::Event::close>(*this); }
    /// How many references to the server are to be given back.
    std::uint32_t abandon() noexcept;
    const Address& address() const { return address_; }

   private:
    /// The close, which the server waits for: until it ends, the port is taken.
    class Closing final : public OwnedOperation {
     public:
      explicit Closing(ServerCore& server) : server_(&server) {}
      void completed() override { server_->listener_closed(); }

     private:
      ServerCore* server_;
    };
    friend Firing;
    machines::listener::State& state_in(const decltype(machines::listener::diagram)&) { return state_; }
    void perform(machines::listener::Do effect);
    void start_accept();
    void refused(int error);
    void wait_for_descriptors();
    void start_close() noexcept;
    machines::listener::State state_ = machines::listener::State::bound;
    ServerCore* server_;
    Socket socket_;
    Address address_;
    Endpoint endpoint_;
    TimerHandle retry_;
    Closing closing_;
  };

  /// A connection whose task is not done, also if that task never ran.
  class Counted {
   public:
    explicit Counted(ServerCore& core);
    Counted(Counted&& other) noexcept = default;
    ~Counted();
    const Ref<ServerCore>& core() const { return core_; }

   private:
    Ref<ServerCore> core_;
  };

  static Ref<ServerCore> make(const char* what, std::shared_ptr<ConnectionHandler> handler, ServerOptions options);
  ServerCore(Kernel& kernel, std::shared_ptr<ConnectionHandler> handler, ServerOptions options);
  ~ServerCore() = default;
  void destroy() noexcept;
  void let_go() noexcept;
  Coro<> listen(Address address);
  void add_listener(Socket socket, Endpoint endpoint);
  void begin();
  void connected(Socket socket, Endpoint endpoint);
  void listener_closed();
  void end_if_closed();
  static Coro<> serve(Counted counted, Socket socket, Endpoint endpoint);

  std::uint32_t connections_ = 0;  // tasks that are not done
  std::uint32_t closing_ = 0;      // listeners whose close has not ended
  bool serving_ = false;
  bool awaited_ = false;  // by a serve_forever()
  Kernel* kernel_;
  std::shared_ptr<ConnectionHandler> handler_;
  ServerOptions options_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Event ended_;  // closed, no listener and no connection left
  Event closed_;
};

}  // namespace rondo
