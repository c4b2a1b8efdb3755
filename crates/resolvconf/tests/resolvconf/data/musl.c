/* Prints what musl's resolver makes of each file named on the command line.
 *
 * Linked statically, so that musl's own reader can be called: it is hidden, not private. It reads
 * /etc/resolv.conf only, so each file is mounted over it, in a mount namespace that nobody else
 * sees. Exits with 77 where that is not allowed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* As musl 1.1.13 and later lay it out; main() proves it. */
struct address {
	int family;
	unsigned scope;
	uint8_t bytes[16];
	int key;
};
struct settings {
	struct address server[3];
	unsigned servers, attempts, ndots, timeout;
};
int __get_resolv_conf(struct settings *, char *, size_t);

static int read_file(const char *path, struct settings *settings, char *search)
{
	memset(settings, 0, sizeof(*settings));
	*search = 0;
	if (mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL))
		return 77;
	if (__get_resolv_conf(settings, search, 256))
		return 1;
	return umount2("/etc/resolv.conf", MNT_DETACH) ? 77 : 0;
}

static int print(const char *path)
{
	struct settings settings;
	char search[256], text[INET6_ADDRSTRLEN];
	int answer = read_file(path, &settings, search);

	if (answer)
		return answer;
	printf("nameservers");
	for (unsigned at = 0; at < settings.servers; at++) {
		struct address *server = &settings.server[at];
		printf(" %s", inet_ntop(server->family, server->bytes, text, sizeof(text)));
	}
	printf("\nsearch");
	for (char *word = strtok(search, " \t\n\v\f\r"); word; word = strtok(NULL, " \t\n\v\f\r")) {
		putchar(' ');
		for (; *word; word++)
			printf("%02x", (unsigned char)*word);
	}
	printf("\nnumbers %u %u %u\nflags 0 0 0\n", settings.ndots, settings.timeout, settings.attempts);
	return 0;
}

int main(int argc, char **argv)
{
	int answer = 0;

	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 77;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	for (int at = 1; at < argc && !answer; at++)
		answer = print(argv[at]);
	return answer;
}
