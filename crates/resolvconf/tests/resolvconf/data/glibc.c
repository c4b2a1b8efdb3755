/* Prints what glibc's resolver makes of each file named on the command line.
 *
 * The resolver reads /etc/resolv.conf only, so each file is mounted over it, in a mount
 * namespace that nobody else sees. Exits with 77 where that is not allowed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void print_server(struct __res_state *state, int at)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in *v4 = &state->nsaddr_list[at];

	if (v4->sin_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	} else {
		struct sockaddr_in6 *v6 = state->_u._ext.nsaddrs[at];
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	}
	printf(" %s", text);
}

static void print_hex(const char *word)
{
	putchar(' ');
	for (; *word; word++)
		printf("%02x", (unsigned char)*word);
}

static int print(const char *path)
{
	struct __res_state state;

	if (mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL))
		return 77;
	memset(&state, 0, sizeof(state));
	if (res_ninit(&state))
		return 1;
	printf("nameservers");
	for (int at = 0; at < state.nscount; at++)
		print_server(&state, at);
	printf("\nsearch");
	for (char **word = state.dnsrch; *word; word++)
		print_hex(*word);
	printf("\nnumbers %d %d %d\n", (int)state.ndots, state.retrans, state.retry);
	printf("flags %d %d %d\n", !!(state.options & RES_ROTATE), !!(state.options & RES_USE_EDNS0),
	       !!(state.options & RES_TRUSTAD));
	res_nclose(&state);
	return umount2("/etc/resolv.conf", MNT_DETACH) ? 77 : 0;
}

int main(int argc, char **argv)
{
	int answer = 0;

	alarm(30); /* glibc loops for ever over some files. */
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 77;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	for (int at = 1; at < argc && !answer; at++)
		answer = print(argv[at]);
	return answer;
}
