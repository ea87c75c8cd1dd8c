using System.Text;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>PEM text, from a file that may be replaced while we run or from the configuration itself.</summary>
/// <param name="where">The key and file that name it, for messages.</param>
internal sealed class PemSource(string where, string? file, string? text)
{
    private const int Largest = 4 << 20;

    public string Where { get; } = where;

    /// <summary>It can be another one later.</summary>
    public bool CanChange => file is not null;

    /// <exception cref="ComputeException">The file cannot be read.</exception>
    public string Read() => file is null ? text! : ReadFile(file, Where);

    /// <exception cref="ComputeException">The file cannot be read.</exception>
    public static string ReadFile(string file, string where)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            using var bytes = new MemoryStream();
            byte[] buffer = new byte[16 << 10];
            while (stream.Read(buffer) is > 0 and var count)
            {
                bytes.Write(buffer, 0, count);
                if (bytes.Length > Largest)
                {
                    throw new ComputeException($"{where}: expected a file of at most {Largest} bytes, found that {file} is larger");
                }
            }

            return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ComputeException($"{where}: {file} cannot be read: {e.Message}", e);
        }
    }
}
