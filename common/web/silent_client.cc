#include "common/web/silent_client.h"

#include <linux/tcp.h>  // which knows more than <netinet/tcp.h>, and does not go with it
#include <netinet/in.h>
#include <sys/socket.h>

namespace lockstep {

bool HasBeenSilentFor(absl::Duration span, int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  // Where nothing has come, the time counts from the connection's beginning.
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_bytes_received == 0 && absl::Milliseconds(info.tcpi_last_data_recv) >= span;
}

}  // namespace lockstep
